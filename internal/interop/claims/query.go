package claims

import (
	"encoding/json"
	"strconv"

	"github.com/realdid/realdid/vc"
)

// Query makes a claims path of DCQL (OpenID4VP 1.0, section 7): one that leads to a value of the credential, often with null in the place
// of indices; now and then one that leads nowhere, or through a value of another kind.
func (g *Generator) Query(c *Credential) []any {
	path := c.Pointer(c.Paths[g.IntN(len(c.Paths))])
	for i, step := range path {
		if _, ok := step.(int); ok && g.IntN(2) == 0 {
			path[i] = nil
		}
	}
	i := g.IntN(len(path))
	switch g.IntN(24) {
	case 0:
		path[i] = "absent"
	case 1:
		path[i] = 7
	case 2:
		path = append(path, "beyond")
	case 3:
		path = append(path, nil)
	case 4:
		path = append(path, 0)
	case 5:
		path[i] = nil
	}
	return path
}

// Text writes a claims path of DCQL as JSON.
func Text(path []any) string {
	b, err := json.Marshal(path)
	if err != nil {
		panic(err) // names, numbers and nulls
	}
	return string(b)
}

// Selected returns the values that vc.Path selects; false if there are none, or the path goes through a value of another kind.
func Selected(root any, path []any) ([]any, bool) {
	p, err := vc.ParsePath(Text(path))
	if err != nil {
		return nil, false
	}
	values, err := p.Select(root)
	return values, err == nil && len(values) > 0
}

// Concrete returns the paths, as JSON Pointers, of the values that a claims path of DCQL selects.
func (c *Credential) Concrete(path []any) []string {
	at := []string{""}
	for _, step := range path {
		var next []string
		for _, p := range at {
			switch v := c.At(p).(type) {
			case map[string]any:
				if name, ok := step.(string); ok {
					if _, ok := v[name]; ok {
						next = append(next, p+"/"+Escape(name))
					}
				}
			case []any:
				for i := range v {
					if n, ok := step.(int); step == nil || ok && n == i {
						next = append(next, p+"/"+strconv.Itoa(i))
					}
				}
			}
		}
		at = next
	}
	return at
}
