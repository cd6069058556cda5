"""LitServe: the four methods of an API, on the processor, one worker."""

import os
import sys

import joblib
import litserve


class Classifier(litserve.LitAPI):
    def setup(self, device):  # noqa: ARG002 (its signature)
        self.model = joblib.load(os.path.join(os.environ["PEER_WORK"], "model.joblib"))

    def decode_request(self, request):
        return request["instances"]

    def predict(self, rows):
        return self.model.predict_proba(rows)

    def encode_response(self, output):
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
    )
