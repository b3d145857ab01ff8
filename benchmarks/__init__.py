"""Speed, each figure beside its floor in the same run. Not tests: nothing here fails a build."""
