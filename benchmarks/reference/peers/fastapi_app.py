"""FastAPI as its tutorial has it: a pydantic model of the body, and a plain function, since what it calls blocks."""

import os

import joblib
from fastapi import FastAPI
from pydantic import BaseModel


class Body(BaseModel):
    instances: list[list[float]]


app = FastAPI()
model = joblib.load(os.path.join(os.environ["PEER_WORK"], "model.joblib"))


@app.post("/predict")
def predict(body: Body) -> dict[str, list[list[float]]]:
    return {"probabilities": model.predict_proba(body.instances).tolist()}


@app.post("/predict-on-the-loop")
async def predict_on_the_loop(body: Body) -> dict[str, list[list[float]]]:
    """Answer without a thread: not what the tutorial advises, and quicker for one client."""
    return {"probabilities": model.predict_proba(body.instances).tolist()}
