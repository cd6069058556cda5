"""From a request to an answer: resolve, load once, decode, predict, encode.

`service` says which version serves and holds the loaded models; `formats` has a module for
each wire format; `exchange` turns API Gateway's events into requests and answers into
responses; `problems` turns errors into problem documents.
"""
