"""The page in a real browser. A package, because its Chromium is started once for all of it and ends with it."""
