"""Everything that speaks to Salesforce: who we are there, what we read, what we write.

simple-salesforce is used thinly, in `describe.py`, for describe and for odd REST calls, over our own guarded session.
It is not used for logging in, queries, Collections and both Bulk APIs, because of what was found in it
(`reference/platform.md` §4): its JWT login mangles the address; a token that is refused again and again makes it call
itself without end; record ids go through `urljoin`, so that one shaped like an address gets the token; requests have
no time limit; Bulk results are decoded as Latin-1, read whole and waited for in steps of five seconds.
"""
