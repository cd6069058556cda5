"""The usual Lambda, as AWS's samples have it: boto3 fetches a joblib file, scikit-learn unpickles it and predicts."""

import json
import os
from typing import Any

import boto3
import joblib
import numpy as np

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
s3.download_file(os.environ["MODEL_BUCKET"], os.environ["MODEL_KEY"], os.environ["MODEL_FILE"])
model = joblib.load(os.environ["MODEL_FILE"])


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    rows = json.loads(event["body"])["instances"]
    found = model.predict_proba(np.array([list(row.values()) for row in rows]))
    labels = model.classes_[found.argmax(axis=1)]
    answer = {"predictions": labels.tolist(), "probabilities": found.tolist()}
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(answer),
    }
