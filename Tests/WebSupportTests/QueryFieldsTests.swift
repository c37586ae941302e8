import HummingbirdCore
import Testing
import WebSupport

@Suite("Fields of a query")
struct QueryFieldsTests {
    @Test("As browsers and programs write them")
    func fields() {
        let uri = URI("/audit?target=rule+12&actor=a%2Bb%40example.com&empty=&bare&twice=1&twice=2&odd=%zz&a=b=c")
        #expect(
            uri.fields == [
                "target": "rule 12", "actor": "a+b@example.com", "empty": "", "bare": "", "twice": "2", "odd": "%zz",
                "a": "b=c",
            ])
        #expect(URI("/audit").fields.isEmpty)
    }
}
