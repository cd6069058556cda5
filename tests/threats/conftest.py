from tests.core.stores import lasting_store, store
from tests.webapp.conftest import providing

__all__ = ["lasting_store", "providing", "store"]
