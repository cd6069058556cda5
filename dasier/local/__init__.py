"""The service on one machine: what API Gateway, S3's events and Lambda do in AWS, done by one process.

::

    template     template.yaml as routes and triggers
    routing      which route a path belongs to, by API Gateway's rules
    events       a request as the event that API Gateway makes of it, and the answer back
    functions    the handlers that the template names, in a bounded pool of threads
    gateway      the ASGI application that joins the four
    server       uvicorn around it
    watch        notices what was published, and wakes the release function
    home         the folder that holds the registry and the keys
    up           `dasier up`
"""
