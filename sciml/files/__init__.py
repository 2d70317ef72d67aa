"""The file format of `sciml.save`: a zip of stored `.npy` members and one JSON manifest.

`format` holds the names and limits, `leaves` turns arrays into members, `tree` turns objects into a structure and back,
`archive` writes and reads the zip.
"""
