from tests.core.stores import lasting_store, store

__all__ = ["lasting_store", "store"]
