"""The protocols: parse a request, call one function, present the answer."""
