"""The control plane: what is asked of AWS outside the path of a prediction.

The only place that imports boto3, and none of its modules does so at the top: whoever only names
them needs no ``dasier[aws]``.
"""
