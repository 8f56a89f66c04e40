package webfetch_test

import (
	"strings"
	"testing"

	"github.com/realdid/realdid/resolver/webfetch"
)

func TestParseLocation(t *testing.T) {
	for in, want := range map[string][2]string{ // base, and URL of did.json
		"example.com":                        {"https://example.com/", "https://example.com/.well-known/did.json"},
		"example.com:user:alice":             {"https://example.com/user/alice/", "https://example.com/user/alice/did.json"},
		"example.com%3A3000":                 {"https://example.com:3000/", "https://example.com:3000/.well-known/did.json"},
		"example.com%3a3000:a":               {"https://example.com:3000/a/", "https://example.com:3000/a/did.json"},
		"Example.COM":                        {"https://example.com/", "https://example.com/.well-known/did.json"},
		"xn--jp-cd2fp15c.xn--fsq.jp":         {"https://xn--jp-cd2fp15c.xn--fsq.jp/", "https://xn--jp-cd2fp15c.xn--fsq.jp/.well-known/did.json"},
		"1.2.3.4.example":                    {"https://1.2.3.4.example/", "https://1.2.3.4.example/.well-known/did.json"},
		"example.com:%E7%94%A8%E6%88%B7":     {"https://example.com/%E7%94%A8%E6%88%B7/", "https://example.com/%E7%94%A8%E6%88%B7/did.json"},
		"example.com:a%20b":                  {"https://example.com/a%20b/", "https://example.com/a%20b/did.json"},
		"example.com:...":                    {"https://example.com/.../", "https://example.com/.../did.json"},
		"example.com:.well-known":            {"https://example.com/.well-known/", "https://example.com/.well-known/did.json"},
		strings.Repeat("a.", 123) + "co":     {"https://" + strings.Repeat("a.", 123) + "co/", "https://" + strings.Repeat("a.", 123) + "co/.well-known/did.json"},
		"a.example:" + repeated("b", 16):     {"https://a.example/" + strings.Repeat("b/", 16), "https://a.example/" + strings.Repeat("b/", 16) + "did.json"},
		"example.com%3A65535:p":              {"https://example.com:65535/p/", "https://example.com:65535/p/did.json"},
		strings.Repeat("x", 63) + ".example": {"https://" + strings.Repeat("x", 63) + ".example/", "https://" + strings.Repeat("x", 63) + ".example/.well-known/did.json"},
	} {
		l, err := webfetch.ParseLocation(in)
		if err != nil {
			t.Errorf("%s: got error %v, want none", in, err)
			continue
		}
		if got := [2]string{l.Base(), l.URL("did.json")}; got != want {
			t.Errorf("%s: got %v, want %v", in, got, want)
		}
	}
}

func repeated(s string, n int) string { return strings.Repeat(s+":", n-1) + s }

func TestParseLocationRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":                        "",
		"no host":                        ":path",
		"one label":                      "localhost",
		"one label and port":             "localhost%3A8080",
		"final dot":                      "example.com.",
		"first dot":                      ".example.com",
		"two dots":                       "example..com",
		"hyphen first":                   "-a.example.com",
		"hyphen last":                    "a-.example.com",
		"underscore":                     "a_b.example.com",
		"label too long":                 strings.Repeat("x", 64) + ".com",
		"host too long":                  strings.Repeat("a.", 126) + "co",
		"IPv4":                           "127.0.0.1",
		"IPv4 and port":                  "127.0.0.1%3A8080",
		"IPv4, small escape":             "127.0.0.1%3a8080",
		"IPv4 percent-encoded":           "127%2E0%2E0%2E1",
		"IPv4 with small escapes":        "127%2e0%2e0%2e1",
		"digits percent-encoded":         "%31%32%37.0.0.1",
		"metadata service":               "169%2E254%2E169%2E254",
		"IPv4 of two parts":              "127.1",
		"IPv4 hexadecimal":               "0x7f.0.0.0x1",
		"IPv4 hexadecimal last part":     "127.0.0.0x",
		"IPv4 octal":                     "0177.0.0.01",
		"IPv4 as one number":             "2130706433",
		"IPv4 and final dot":             "127.0.0.1.",
		"IPv6":                           "%5B%3A%3A1%5D",
		"IPv6 without brackets":          "%3A%3A1",
		"IPv4-mapped":                    "%5B%3A%3Affff%3A127.0.0.1%5D",
		"last label starts with a digit": "example.1com",
		"escape in the host":             "ex%61mple.com",
		"IDN percent-encoded":            "%E4%BE%8B.jp",
		"IDN":                            "例.jp",
		"wide digits":                    "１２７.0.0.1",
		"user":                           "user%40example.com",
		"bad escape in host":             "example%zz.com",
		"port empty":                     "example.com%3A",
		"port zero":                      "example.com%3A0",
		"port with a zero first":         "example.com%3A080",
		"port with a sign":               "example.com%3A+80",
		"port too large":                 "example.com%3A65536",
		"port no number":                 "example.com%3Ahttp",
		"two ports":                      "example.com%3A80%3A81",
		"path in the port":               "example.com%3A80%2Fx",
		"path in the host":               "example.com%2Fx",
		"query in the host":              "example.com%3Fx",
		"empty segment":                  "example.com:a::b",
		"empty path":                     "example.com:",
		"dot":                            "example.com:.:a",
		"dots":                           "example.com:..:..:admin",
		"dots percent-encoded":           "example.com:%2E%2E:admin",
		"dots half encoded":              "example.com:.%2e:admin",
		"slash percent-encoded":          "example.com:a%2Fb",
		"small slash percent-encoded":    "example.com:..%2f..%2fetc",
		"backslash":                      "example.com:a%5Cb",
		"double encoding":                "example.com:%252E%252E",
		"query":                          "example.com:a%3Fb",
		"fragment":                       "example.com:a%23b",
		"line feed":                      "example.com:a%0D%0AHost",
		"zero byte":                      "example.com:a%00",
		"control":                        "example.com:a%7F",
		"control of two bytes":           "example.com:a%C2%85",
		"not UTF-8":                      "example.com:%FF",
		"bad escape":                     "example.com:%zz",
		"too many segments":              "example.com:" + repeated("a", 17),
	} {
		l, err := webfetch.ParseLocation(in)
		if err == nil {
			t.Errorf("%s: got %s, want an error", name, l.Base())
		} else if strings.HasPrefix(name, "IPv") && !strings.Contains(err.Error(), "an IP address") {
			t.Errorf("%s: got error %v, want that it is an IP address", name, err)
		}
	}
	var zero webfetch.Location
	if !zero.IsZero() || zero.Host() != "" {
		t.Error("the zero location is not zero")
	}
}

// FuzzParseLocation: what is accepted makes an HTTPS URL of exactly that host, whose path has no dot segments.
func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"example.com", "example.com%3A8443:a:b%20c", "127%2E0%2E0%2E1", "a.b:%2e%2e", "0x7f.1", "[::1].a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := webfetch.ParseLocation(s)
		if err != nil {
			return
		}
		u := mustURL(t, l.URL("did.json"))
		if u.Scheme != "https" || u.Hostname() != l.Host() || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q: got %s", s, u)
		}
		for segment := range strings.SplitSeq(u.Path[1:], "/") {
			if segment == "" || segment == "." || segment == ".." {
				t.Errorf("%q: got a segment %q", s, segment)
			}
		}
	})
}
