"""The web page: `cvkit web` serves it, on this machine alone.

The server (`server`, `site`, `guard`, `shelf`) holds the pictures of its visitors in memory, and neither decodes nor
computes anything. That is done by `tasks`, in processes of `workers` that may die. What they call is what scripts call:
`cvkit.read`, `cvkit.Pipeline`, `cvkit.compare`. The page itself, in `static`, is plain HTML, CSS and JavaScript.
"""
