"""vetiver: its API around a model, with a prototype of the rows that it checks."""

import os

import joblib
from vetiver import VetiverAPI, VetiverModel

kept = joblib.load(os.path.join(os.environ["PEER_WORK"], "named.joblib"))
api = VetiverAPI(VetiverModel(kept["model"], "reference", prototype_data=kept["prototype"])).app
