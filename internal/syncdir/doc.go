// Package syncdir makes the names in a directory durable, which syncing the files in it does not.
package syncdir
