"""One trace, many forms: each is a function of one :class:`overbooked.checker.traces.trace.Trace`."""
