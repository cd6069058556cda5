"""Flask behind gunicorn, with threads so that connections are kept."""

import os

import joblib
from flask import Flask, request

app = Flask(__name__)
model = joblib.load(os.path.join(os.environ["PEER_WORK"], "model.joblib"))


@app.post("/predict")
def predict():
    return {"probabilities": model.predict_proba(request.get_json()["instances"]).tolist()}
