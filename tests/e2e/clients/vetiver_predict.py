"""Ask with vetiver.predict."""

import json
import sys

import pandas as pd
import vetiver

asked = json.load(sys.stdin)
endpoint = vetiver.vetiver_endpoint(f"{asked['url']}/models/{asked['name']}/predict")
frame = pd.DataFrame(asked["records"])
told = {
    "frame": vetiver.predict(endpoint, frame)["predict"].tolist(),
    "series": vetiver.predict(endpoint, frame.iloc[0])["predict"].tolist(),
    "probabilities": [one["probabilities"] for one in vetiver.predict(endpoint, frame)["predictions"]],
}
try:
    vetiver.predict(endpoint, frame.drop(columns=frame.columns[0]))
except TypeError as error:
    told["error"] = str(error)
json.dump(told, sys.stdout)
