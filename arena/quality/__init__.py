"""How good fakes are, whoever judges them: distances to real faces, faces found, diversity, copies, sharpness."""
