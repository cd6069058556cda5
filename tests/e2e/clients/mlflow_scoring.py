"""Ask with MLflow's ScoringServerClient, at the root of a server."""

import json
import sys
from urllib.parse import urlsplit

import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

asked = json.load(sys.stdin)
address = urlsplit(asked["url"])
client = ScoringServerClient(address.hostname, address.port)
client.ping()
frame = pd.DataFrame(asked["records"])
told = {
    "frame": client.invoke(frame).get_predictions()[0].tolist(),
    "params": client.invoke(frame, params={"a": 1}).get_predictions()[0].tolist(),
}
json.dump(told, sys.stdout)
