"""The pages of ``spec/traces/``: one for every way in which strategies break, written from what the checker finds."""
