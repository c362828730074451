// Go as a reader of paths: its ServeMux, and the hand-written switch on a cleaned path that is as common. Started with one port for each.
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

func byClean(w http.ResponseWriter, r *http.Request) {
	clean := path.Clean("/" + r.URL.Path)
	below := func(root string) bool { return clean == root || strings.HasPrefix(clean, root+"/") }
	word := "open"
	if below("/admin") || below("/api/internal") || clean == "/vault/keys" {
		word = "closed"
	}
	fmt.Fprintf(w, "%s %s", word, clean)
}

func main() {
	for index, handler := range []http.Handler{byMux(), http.HandlerFunc(byClean)} {
		go func() { log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1+index], handler)) }()
	}
	select {}
}
