//go:build !unix

package keyfile

// syncDir does nothing where a folder cannot be synchronised by itself.
func syncDir(string) error { return nil }
