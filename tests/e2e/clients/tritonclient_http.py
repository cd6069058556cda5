"""Ask with tritonclient[http], its defaults untouched: binary tensors, no content type."""

import json
import sys

import numpy as np
import tritonclient.http

NUMPY = {"FP64": np.float64, "INT64": np.int64, "BOOL": bool, "BYTES": object}


def plain(array):
    return [cell.decode() if isinstance(cell, bytes) else cell for cell in array.tolist()]


asked = json.load(sys.stdin)
client = tritonclient.http.InferenceServerClient(asked["url"].removeprefix("http://"))
inputs = []
for column in asked["columns"]:
    cells = np.array(column["data"], dtype=NUMPY[column["datatype"]])
    tensor = tritonclient.http.InferInput(column["name"], list(cells.shape), column["datatype"])
    tensor.set_data_from_numpy(cells)
    inputs.append(tensor)
wanted = [tritonclient.http.InferRequestedOutput("predict_proba")]
first = client.infer(asked["name"], inputs, request_id="mine")
second = client.infer(asked["name"], inputs, model_version="1", outputs=wanted)
told = {
    "live": client.is_server_live(),
    "ready": client.is_server_ready() and client.is_model_ready(asked["name"]),
    "not ready": client.is_model_ready("nobody"),
    "inputs": [one["name"] for one in client.get_model_metadata(asked["name"])["inputs"]],
    "id": first.get_response()["id"],
    "predict": plain(first.as_numpy("predict")),
    "predict_proba": second.as_numpy("predict_proba").tolist(),
}
try:
    client.infer(asked["name"], inputs[:1])
except tritonclient.utils.InferenceServerException as error:
    told["error"] = str(error)
json.dump(told, sys.stdout)
