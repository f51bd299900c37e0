"""What the documents say: the contract as data, loaded and checked.

`load` reads `schemas/` into the records of `model`; `links` holds each file against the others. `xsd` and `violations`
hold a document against its schema, `document` reads one; `draft`, `alignment` and `correcting` change a copy of one.
`purpose` has the words for what a request is sent for, which probes, recordings and checks share; `worth` says what
each request is known to find. `given` reads what users give beside it, and refuses it in one line.
"""
