// Go as a reader of paths: its ServeMux, and the hand-written switch on a cleaned path that is as common, with and
// without a mind for the case. Started with one port for each.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"path"
	"strings"
)

func answer(word string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", word, r.URL.Path)
	}
}

func byMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", answer("open"))
	for _, pattern := range []string{"/admin", "/admin/", "/api/internal", "/api/internal/", "/vault/keys", "/vault/keys/{$}"} {
		mux.HandleFunc(pattern, answer("closed"))
	}
	return mux
}

func isClosed(clean string) bool {
	below := func(root string) bool { return clean == root || strings.HasPrefix(clean, root+"/") }
	return below("/admin") || below("/api/internal") || clean == "/vault/keys"
}

// byClean cleans the path; with lower it does not mind the case either.
func byClean(lower bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		clean := path.Clean("/" + r.URL.Path)
		compared := clean
		if lower {
			compared = strings.ToLower(clean)
		}
		word := "open"
		if isClosed(compared) {
			word = "closed"
		}
		fmt.Fprintf(w, "%s %s", word, clean)
	}
}

func main() {
	for index, handler := range []http.Handler{byMux(), byClean(false), byClean(true)} {
		go func() { log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1+index], handler)) }()
	}
	select {}
}
