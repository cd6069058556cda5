"""Ask with kserve's REST client, with tensors in JSON and in binary."""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

NUMPY = {"FP64": np.float64, "INT64": np.int64, "BOOL": bool, "BYTES": object}


async def ask(asked):
    url, name = asked["url"], asked["name"]
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    told = {"live": await client.is_server_live(url), "ready": await client.is_model_ready(url, name)}
    for binary in (False, True):
        inputs = []
        for column in asked["columns"]:
            cells = np.array(column["data"], dtype=NUMPY[column["datatype"]])
            tensor = InferInput(column["name"], list(cells.shape), column["datatype"])
            tensor.set_data_from_numpy(cells, binary_data=binary)
            inputs.append(tensor)
        answer = await client.infer(url, InferRequest(model_name=name, infer_inputs=inputs), model_name=name)
        told["binary" if binary else "json"] = [
            cell.decode() if isinstance(cell, bytes) else cell
            for cell in answer.outputs[0].as_numpy().tolist()
        ]
    return told


json.dump(asyncio.run(ask(json.load(sys.stdin))), sys.stdout)
