package file

import "os"

// closeFirst: an open file can be neither linked nor renamed here.
const closeFirst = true

// open opens a file to read.
func open(path string) (*os.File, error) { return os.Open(path) }

// hold needs no lock: an open file cannot be removed here.
func hold(*os.File) bool { return true }

// removeStale removes a staged file, which fails while its writer has it open.
// A file in the moment between its closing and its naming can be lost to a
// sweep; its write then answers with an error.
func removeStale(path string) { _ = os.Remove(path) }

// syncDir does nothing: folders cannot be synced here.
func syncDir(string) error { return nil }
