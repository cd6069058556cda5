"""What a stage costs: when nobody asks it anything, for a thousand predictions, and beside a server.

From what the templates declare (`inventory`), how long functions run (`durations`) and a dated table
of prices (`prices.toml`).
"""
