"""The recorder: records rooms as files, one for each track."""
