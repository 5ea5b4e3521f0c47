"""Parts of a face, such as the mouth: where they are, their masks, and how one is put into another face."""
