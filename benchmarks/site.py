"""How long the site's pages take and how large they are compressed: ``python benchmarks/site.py``.

Against a site that is warm and on this machine: the one at ``--site``, else one that it starts (`dasier up`, which builds the
recipes the first time) and ends. Every model is asked with its example, and one with a table of 500 rows, and with one in
the background; the operators' pages are seen signed in. Pages are asked in turn,
round after round, so that whatever else the machine does weighs on all of them; medians and spreads are printed.
Issue 5: a median page under 150 ms, no page over 300 kB compressed; exit status 1 if that is not so. An answer's page waits
for the model, and says what that costs: pages that are over on their own are named.
"""

from __future__ import annotations

import argparse
import gzip
import html
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

MEDIAN_MS, LARGEST_KB = 150.0, 300.0
ROUNDS = 15
START_S = 600.0
http = urllib3.PoolManager(retries=False, timeout=30)


def main() -> int:
    """Print a line a page; say what is over its limit."""
    parser = argparse.ArgumentParser(description="Time and size of the site's pages.")
    parser.add_argument("--site", help="Address of a site that runs; by default one is started.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    if options.site:
        return measure(options.site, options.rounds)
    with started() as site:
        return measure(site, options.rounds)


@contextmanager
def started() -> Iterator[str]:
    """Give the address of a site that runs until the end of the block."""
    ports = []
    for _each in ("api", "site"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(str(free.getsockname()[1]))
    command = [sys.executable, "-m", "dasier", "up", "--api-port", ports[0], "--site-port", ports[1]]
    site = f"http://127.0.0.1:{ports[1]}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as up:
        try:
            until = time.monotonic() + START_S
            while not _answers(site):
                if up.poll() is not None or time.monotonic() > until:
                    raise SystemExit("`dasier up` did not start")
                time.sleep(0.5)
            yield site
        finally:
            up.send_signal(signal.SIGINT)


def _answers(site: str) -> bool:
    try:
        return http.request("GET", site + "/").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def measure(site: str, rounds: int) -> int:
    """Ask every page of a site; print a line a page."""
    front = http.request("GET", site + "/")
    names = re.findall(r'href="/models/([^"/?]+)">', front.data.decode())
    pages = [("GET", "/"), ("GET", "/predictions")]
    for name in names:
        pages += [("GET", f"/models/{name}{rest}") for rest in ("", "/spreadsheet", "/about", "/history")]
        pages += [("POST", f"/models/{name}")]
    pages += [("SHEET", f"/models/{names[0]}/spreadsheet"), ("GET", _job(site, names[0]))] if names else []
    cookies = _signed_in(site)
    if cookies:
        pages += [("OPERATOR", "/operations"), *(("OPERATOR", f"/operations/{name}") for name in names)]
    else:
        print("Nobody signs in there with an account of this machine: the operators' pages are left out.")
    times: dict[tuple[str, str], list[float]] = {page: [] for page in pages}
    sizes = dict.fromkeys(pages, 0.0)
    prepared = {page: _prepare(site, *page, cookies=cookies) for page in pages}
    for round_ in range(rounds + 1):
        for page in pages:
            method, body, headers = prepared[page]
            started = time.perf_counter()
            answer = http.request(method, site + page[1], body=body, headers=headers)
            took = 1000 * (time.perf_counter() - started)
            if answer.status != 200:
                print(f"{page[0]} {page[1]} answered {answer.status}")
                return 1
            if round_:  # the first round warms
                times[page].append(took)
                sizes[page] = len(gzip.compress(answer.data, 6)) / 1000
    return _report(times, sizes)


def _report(times: dict[tuple[str, str], list[float]], sizes: dict[tuple[str, str], float]) -> int:
    print(f"{'page':<52}{'median ms':>10}{'p10':>8}{'p90':>8}{'kB gz':>8}")
    for page, found in times.items():
        tenths = statistics.quantiles(found, n=10)
        print(
            f"{' '.join(page):<52}{statistics.median(found):>10.1f}{tenths[0]:>8.1f}{tenths[-1]:>8.1f}{sizes[page]:>8.1f}"
        )
    every = statistics.median([one for found in times.values() for one in found])
    slow = [" ".join(page) for page, found in times.items() if statistics.median(found) > MEDIAN_MS]
    large = [" ".join(page) for page, size in sizes.items() if size > LARGEST_KB]
    print(f"median of all {every:.1f} ms; largest {max(sizes.values()):.1f} kB")
    print(f"over {MEDIAN_MS:g} ms: {slow or 'none'}; over {LARGEST_KB:g} kB: {large or 'none'}")
    return 1 if every > MEDIAN_MS or large else 0


def _signed_in(site: str) -> str:
    """Sign in at the provider of `make up` and give the cookies; empty where there is none."""
    first = http.request("GET", site + "/sign-in", redirect=False)
    there = first.headers.get("Location", "")
    if first.status != 302 or not there.startswith("http://127.0.0.1:"):
        return ""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    back = http.request("POST", there, body=b"account=olga", headers=form, redirect=False)
    last = http.request("GET", back.headers["Location"], headers={"Cookie": _cookies(first)}, redirect=False)
    return _cookies(last)


def _cookies(answer: urllib3.BaseHTTPResponse) -> str:
    return "; ".join(one.partition(";")[0] for one in answer.headers.getlist("Set-Cookie"))


def _job(site: str, name: str) -> str:
    """Hand in a small table, and give the page of its job."""
    first = http.request("GET", f"{site}/models/{name}/spreadsheet")
    table = http.request("GET", f"{site}/models/{name}/spreadsheet/template.csv?plain=1").data.decode()
    fields = {"csrf_token": _one(r'name="csrf_token" value="([^"]*)"', first.data.decode()), "text": table}
    headers = {"Cookie": _cookies(first), "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode(fields).encode()
    made = http.request("POST", f"{site}/models/{name}/jobs", body=body, headers=headers, redirect=False)
    return str(made.headers["Location"])


def _prepare(site: str, kind: str, path: str, *, cookies: str) -> tuple[str, bytes | None, dict[str, str]]:
    """Give what a browser sends: for POST the example that the form is filled in with, for SHEET 500 rows of it."""
    if kind in {"GET", "OPERATOR"}:
        return "GET", None, {"Cookie": cookies} if kind == "OPERATOR" else {}
    first = http.request("GET", site + path + ("" if kind == "SHEET" else "?example=1"))
    page = first.data.decode()
    cookie = _cookies(first)
    fields = {"csrf_token": _one(r'name="csrf_token" value="([^"]*)"', page)}
    if kind == "SHEET":
        template = http.request("GET", f"{site}{path}/template.csv").data.decode("utf-8-sig").splitlines()
        fields |= {"step": "ask", "text": "\r\n".join([template[0], *template[1:2] * 500])}
    else:
        for tag in re.findall(r'<input[^>]* name="x\.[^>]*>', page):
            if 'type="text"' in tag or " checked" in tag:
                fields[_one(r'name="([^"]*)"', tag)] = _one(r'value="([^"]*)"', tag)
        chosen = r'<select[^>]* name="(x\.[^"]*)"(?:(?!</select>).)*?value="([^"]*)" selected'
        fields |= {
            html.unescape(name): html.unescape(value) for name, value in re.findall(chosen, page, re.DOTALL)
        }
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    return "POST", urlencode(fields).encode(), headers


def _one(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return html.unescape(found[1]) if found else ""


if __name__ == "__main__":
    sys.exit(main())
