// Package filelock is an exclusive lock on an open file, by which one program at a time has a directory open.
package filelock
