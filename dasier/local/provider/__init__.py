"""An OpenID Connect provider for one's own machine: whoever opens it chooses who to be.

So that signing in has one way only, on a laptop as in a deployment, `dasier up` starts this on loopback and points API and
site at it. It cannot be in a deployment: neither the image nor the site's zip holds this folder, what runs on Lambda
believes no provider on loopback, and its keys live as long as its process.
"""

from dasier.local.provider.accounts import ACCOUNTS, Account
from dasier.local.provider.application import CLIENT_ID, Provider

__all__ = ["ACCOUNTS", "CLIENT_ID", "Account", "Provider"]
