"""One trace, many forms: each is a function of one :class:`checker.traces.trace.Trace`."""
