"""A front end with a few routes, which knows nothing of metrics: what is told about it comes from Gunicorn."""

import time

from flask import Flask, abort, request

app = Flask(__name__)

MOVIES = {1: "Alien", 2: "The Thing", 3: "Nosferatu"}

LONGEST_MS = 5000


@app.get("/")
def index():
    return "Chiller\n"


@app.get("/movies/<int:number>")
def movie(number):
    if number not in MOVIES:
        abort(404)
    return f"{MOVIES[number]}\n"


@app.get("/broken")
def broken():
    raise RuntimeError("this route is broken, as asked")


@app.get("/slow")
def slow():
    wanted = request.args.get("ms", default=250, type=int)
    time.sleep(max(0, min(wanted, LONGEST_MS)) / 1000)
    return "at last\n"
