package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/did/ledger/proof"
)

// A Source reads the files of a published log, C2SP tlog-tiles: "checkpoint" and "tile/…". What it returns is not verified. A
// file that is not there is fs.ErrNotExist. It is safe for concurrent use.
type Source interface {
	ReadFile(ctx context.Context, path string) ([]byte, error)
}

// Limits of the files of a log in bytes. A bundle's is that of the largest leaves that a ledger of ours has.
const (
	maxLeaf   = 17 << 10
	maxBundle = proof.TileWidth * (2 + maxLeaf)
	tileSize  = proof.TileWidth * proof.HashSize
)

// limitOf returns the size limit of a file, or an error if a log has no file of that path.
func limitOf(path string) (int64, error) {
	if path == "checkpoint" {
		return proof.MaxNoteSize, nil
	}
	t, err := proof.ParseTilePath(path)
	switch {
	case err != nil:
		return 0, fmt.Errorf("witness: source: %.80q is no file of a log", path)
	case t.Entries:
		return maxBundle, nil
	}
	return tileSize, nil
}

// SourceOptions of [NewHTTPSource]; nil means the defaults.
type SourceOptions struct {
	// HTTP sends the requests. The default has timeouts and follows no redirect.
	HTTP *http.Client
}

type httpSource struct {
	prefix string
	http   *http.Client
}

// NewHTTPSource reads a log from the web server, any static file server, at the monitoring prefix, an http or https URL.
func NewHTTPSource(prefix string, opt *SourceOptions) (Source, error) {
	base, err := parsePrefix(prefix)
	if err != nil {
		return nil, err
	}
	s := &httpSource{prefix: base, http: defaultHTTP}
	if opt != nil && opt.HTTP != nil {
		s.http = opt.HTTP
	}
	return s, nil
}

func (s *httpSource) ReadFile(ctx context.Context, path string) ([]byte, error) {
	limit, err := limitOf(path)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.prefix+path, nil)
	if err != nil {
		return nil, fmt.Errorf("witness: source: %w", err)
	}
	if path == "checkpoint" {
		req.Header.Set("Cache-Control", "no-cache")
	}
	res, err := s.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("witness: source: %w", err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("witness: source: %s: %w", path, fs.ErrNotExist)
	default:
		return nil, fmt.Errorf("witness: source: %s: status %d", path, res.StatusCode)
	}
	b, err := readLimited(res.Body, limit)
	if err != nil {
		return nil, fmt.Errorf("witness: source: %s: %w", path, err)
	}
	return b, nil
}

type dirSource string

// NewDirSource reads a log from a folder.
func NewDirSource(dir string) Source { return dirSource(dir) }

func (s dirSource) ReadFile(ctx context.Context, path string) ([]byte, error) {
	limit, err := limitOf(path)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(string(s), filepath.FromSlash(path)))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || strings.HasSuffix(err.Error(), "not a directory") {
			err = fs.ErrNotExist
		}
		return nil, fmt.Errorf("witness: source: %s: %w", path, err)
	}
	defer f.Close()
	b, err := readLimited(f, limit)
	if err != nil {
		return nil, fmt.Errorf("witness: source: %s: %w", path, err)
	}
	return b, nil
}
