"""Reductions: how the search does less, and why what it says is still true of everything."""
