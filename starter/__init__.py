"""What `WorkflowStarter` is made of.

`executions` tells what one execution did, from its history; `lists` finds many; `control` is what
operators do to them; `definitions` those on this machine; `costs` what executions cost.  Here are
starts, runs and what all of them share.

Every function takes a `SwfClient` and plain values; nothing here prints or reads settings.
"""
