"""Write MLflow's own folder of a model: ``python mlflow_model.py FOLDER``."""

import os
import sys

import joblib
import mlflow.sklearn
from mlflow.models import infer_signature

folder = sys.argv[1]
kept = joblib.load(os.path.join(folder, "named.joblib"))
model, rows = kept["model"], kept["prototype"]
mlflow.sklearn.save_model(
    model,
    os.path.join(folder, "mlflow"),
    serialization_format="cloudpickle",
    signature=infer_signature(rows, model.predict_proba(rows)),
    pyfunc_predict_fn="predict_proba",
    pip_requirements=["scikit-learn"],
)
