"""Making segments and seeing them: the writer, merging, and the snapshot that a reader holds."""
