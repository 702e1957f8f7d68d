"""The page: executions, their graphs and histories, and what operators do to them, in a browser.

`python -m dashboard` serves it on this machine.  It stands on what `WorkflowStarter` offers, so
that it works with any engine.  Every page is whole HTML from the server and works by links and
forms alone; `static/page.js` and htmx keep it live.

`app` has the routes, `guard` who may do what, `library` the executions that are being looked at,
`pages` how HTML is made, `views` one module for each part of the site.
"""
