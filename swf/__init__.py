"""What `swf_client.SwfClient` is made of: the rooms behind the one door to SWF.

`connection` has engines, credentials and retries, `transport` the way to engines near by,
`calls` what every group of calls shares, `reading` histories and lists, `registration` domains
and types, `events` what histories look like, `faults` what can go wrong.  boto3 is known here
and nowhere else.
"""
