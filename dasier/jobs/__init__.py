"""Batch jobs: a table of any length in, a table of results out, by whoever has time.

A job is a folder of the store in which nothing is ever replaced::

    jobs/<id>/job.json      what was asked: the model, its version (pinned), the options
    jobs/<id>/input         the rows, sent with the request or uploaded afterwards
    jobs/<id>/parts/…       results, a block of the input each; its key says which bytes and rows
    jobs/<id>/again/….go    wakes the next worker when one's time is over
    jobs/<id>/attempts/…    who began where, so that a job which cannot be done is given up
    jobs/<id>/results.csv   a row for each row that was answered, in the order of the input
    jobs/<id>/refused.csv   a row for each fault of a row that was not
    jobs/<id>/end.json      done, failed or cancelled; written last, once
    jobs/keys/<digest>.json which job an idempotency key stands for

The state is what is there, so a worker may die at any point and any other goes on after the last part: parts are
created only if absent, and of two workers on a block one wins. `accepting` makes jobs, `working` does them,
`attempts` counts those that led nowhere, `sweeping` finds those that nobody works on, `standing` says where one stands.
"""
