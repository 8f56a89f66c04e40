package webfetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

const maxURL = 2048

// FetchURL returns the content at an HTTPS URL and the media type that the answer states, "" if none; f.Name does not count. The URL
// has a fully qualified host name, as [ParseLocation] wants it, and neither user information nor a fragment; path and query go out as
// they are. It ends early when ctx does.
func (c *Client) FetchURL(ctx context.Context, rawURL string, f File) (content []byte, mediaType string, err error) {
	if err := c.checkURL(rawURL); err != nil {
		return nil, "", err
	}
	return c.fetch(ctx, rawURL, f)
}

func (c *Client) checkURL(s string) error {
	if len(s) > maxURL {
		return fmt.Errorf("webfetch: URL: longer than %d bytes", maxURL)
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return errors.New("webfetch: URL: a character that no URL has")
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return errors.New("webfetch: URL: malformed")
	case u.Scheme != c.scheme || u.Opaque != "":
		return fmt.Errorf("webfetch: URL: not of the scheme %s", c.scheme)
	case u.User != nil:
		return errors.New("webfetch: URL: user information")
	case u.Fragment != "":
		return errors.New("webfetch: URL: a fragment")
	}
	authority := u.Hostname()
	if u.Port() != "" {
		authority += "%3A" + u.Port()
	}
	_, _, err = parseAuthority(authority)
	return err
}
