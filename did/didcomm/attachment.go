package didcomm

import (
	"encoding/json"
	"time"
)

// Attachment is content that travels with a message (DIDComm Messaging v2.1, section "Attachments"): at least one of
// JSON, Base64 and Links says what or where it is.
type Attachment struct {
	ID           string
	Description  string
	Filename     string // a hint by the sender: never a path to write to
	MediaType    string
	Format       string
	LastModified time.Time // lastmod_time: whole seconds, UTC; zero if absent
	ByteCount    int64     // as stated by the sender; 0 if absent

	JSON   json.RawMessage // any JSON value; nil if absent
	Base64 []byte          // decoded; nil if absent
	Links  []string        // URIs at which the content can be fetched
	Hash   string          // multihash of the content in multibase; required with Links
	JWS    json.RawMessage // a detached JSON Web Signature over the content: as received, not verified; nil if absent
}
