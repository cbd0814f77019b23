"""Gates: whether a run is as good as a reference, cell by cell: holds, regression, or not measured."""
