import API
import Foundation
import Testing

@testable import Ticketing

@Suite("What ConnectWise sends")
struct CallbackTests {
    private func callback(_ json: String) -> Callback? { Callback(Data(json.utf8)) }

    @Test("All that matters is read")
    func members() {
        let callback = callback(
            #"""
            {"MessageId": "m-1", "Action": "Updated", "ID": 17, "Type": "Ticket", "CompanyId": "acme",
             "Entity": "{\"id\": 99}", "Metadata": {"key_url": "https://x/key"}, "MemberId": "zoe"}
            """#)
        #expect(callback?.messageID == "m-1")
        #expect(callback?.action == "updated")
        #expect(callback?.type == "ticket")
        #expect(callback?.record == "17")
        #expect(callback?.company == "acme")
        #expect(callback?.keyURL == "https://x/key")
    }

    @Test(
        "Names may be in any case, ids numbers or texts",
        arguments: [
            #"{"ID": 17}"#, #"{"Id": 17}"#, #"{"id": 17}"#, #"{"iD": "17"}"#, #"{"ID": 17, "Id": null}"#,
            #"{"ID": null, "Id": "17"}"#, #"{"id": 17, "Id": null, "ID": [], "iD": {}}"#,
        ])
    func ids(json: String) {
        // Again and again, because the order of a JSON object's members is another each time.
        for _ in 0..<20 { #expect(callback(json)?.record == "17") }
    }

    @Test(
        "The key's address may be missing in many ways",
        arguments: [
            (#"{"metadata": {"KEY_URL": "k"}}"#, "k"), (#"{"METADATA": {"Key_Url": "k"}}"#, "k"), ("{}", nil),
            (#"{"Metadata": null}"#, nil), (#"{"Metadata": "k"}"#, nil), (#"{"Metadata": {}}"#, nil),
            (#"{"Metadata": {"key_url": null}}"#, nil), (#"{"Metadata": {"key_url": 3}}"#, nil),
            (#"{"key_url": "k"}"#, nil),
        ])
    func keyURL(json: String, url: String?) {
        let callback = callback(json)
        #expect(callback != nil)
        #expect(callback?.keyURL == url)
    }

    @Test(
        "Any member may be missing, null or of another type",
        arguments: ["null", "true", "[1]", "{\"a\": 1}", "1.5", "1e99"])
    func oddMembers(value: String) {
        let names = ["Action", "Type", "ID", "CompanyId", "MessageId", "Metadata", "Entity"]
        let callback = callback("{" + names.map { "\"\($0)\": \(value)" }.joined(separator: ",") + "}")
        #expect(callback != nil)
        #expect(callback?.action == nil)
        #expect(callback?.type == nil)
        #expect(callback?.record == nil)
        #expect(callback?.company == nil)
        #expect(callback?.messageID == nil)
        #expect(callback?.keyURL == nil)
    }

    @Test(
        "What is no JSON object is nothing",
        arguments: ["", "null", "[]", "17", "\"x\"", "{", "<xml/>", "{\"ID\": 1} x"])
    func notJSON(json: String) {
        #expect(callback(json) == nil)
    }

    @Test("Mangled bodies never crash")
    func fuzz() {
        let body = Data(#"{"ID": 17, "Action": "added", "Metadata": {"key_url": "https://x"}, "Entity": "é👩‍👩‍👧"}"#.utf8)
        for _ in 0..<5_000 {
            var mangled = body
            for _ in 0..<Int.random(in: 1...6) { mangled[Int.random(in: 0..<mangled.count)] = .random(in: 0...255) }
            mangled = mangled.prefix(Int.random(in: 0...mangled.count))
            if let callback = Callback(mangled) { #expect(callback.record?.utf8.count ?? 0 <= body.count) }
        }
        #expect(Callback(Data(String(repeating: "[", count: 100_000).utf8)) == nil)
        #expect(Callback(Data((String(repeating: #"{"Metadata":"#, count: 10_000)).utf8)) == nil)
    }
}
