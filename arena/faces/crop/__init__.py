"""Photos and videos to face crops: finding faces, cutting them out, reports."""
