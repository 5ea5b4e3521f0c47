"""Where faces come from: folders, archives, tables, public sets, drawn ones."""
