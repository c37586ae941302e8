import BoundaryText
import Foundation
import Outbound

extension ConnectWiseClient {
    /// Makes a note. ConnectWise has no idempotency: after an error with `maybeSent` look for it first.
    public func createNote(
        _ note: NewNote, onTicket ticket: Int, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> Note {
        try await write(.post, "service/tickets/\(ticket)/notes", note, priority)
    }

    /// Logs time. After an error with `maybeSent` look for it by ticket, start and member first.
    public func createTimeEntry(
        _ entry: NewTimeEntry, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> TimeEntry {
        try await write(.post, "time/entries", entry, priority)
    }

    /// The entry as it would become, with role, type and location filled in; nothing is made.
    public func timeEntryDefaults(
        _ entry: NewTimeEntry, priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> TimeEntryDefaults {
        try await write(.post, "time/entries/defaults", entry, priority)
    }

    /// Changes a ticket. Compare the answer with what was asked: ConnectWise may say 200 and change nothing.
    public func patchTicket(
        _ id: Int, _ operations: [PatchOperation], priority: CallPriority = .interactive
    ) async throws(ConnectWiseError) -> Ticket {
        try await write(.patch, "service/tickets/\(id)", operations, priority)
    }

    /// Registered callbacks, those whose URL contains the text or all.
    public func callbacks(
        urlContaining text: String? = nil, priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> [CallbackEntry] {
        try await list("system/callbacks", text.map { .contains("url", $0) }, priority).all()
    }

    /// Registers a callback; one that exists already is rejected with the code `ObjectExists`.
    public func createCallback(
        _ callback: NewCallback, priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> CallbackEntry {
        try await write(.post, "system/callbacks", callback, priority)
    }

    /// Changes a callback, for instance `.replace("inactiveFlag", with: .flag(false))`.
    public func patchCallback(
        _ id: Int, _ operations: [PatchOperation], priority: CallPriority = .background
    ) async throws(ConnectWiseError) -> CallbackEntry {
        try await write(.patch, "system/callbacks/\(id)", operations, priority)
    }

    /// Removes a callback; one that is already gone is no error.
    public func deleteCallback(_ id: Int, priority: CallPriority = .background) async throws(ConnectWiseError) {
        do {
            _ = try await send(Call(method: .delete, path: "system/callbacks/\(id)", priority: priority))
        } catch .notFound(message: _, isRecord: true) {
            return
        }
    }

    /// Fetches the key that signs callbacks, first without credentials, and with them only where ConnectWise asks for
    /// them. An address that a stranger could choose is no ``CallbackKeyAddress``.
    public func signingKey(at address: CallbackKeyAddress) async throws(ConnectWiseError) -> String {
        do {
            return try await signingKey(at: address, headers: [])
        } catch .authentication, .permission {
            return try await signingKey(at: address, headers: credentials.headers)
        }
    }

    private func signingKey(
        at address: CallbackKeyAddress, headers: [OutboundRequest.Header]
    ) async throws(ConnectWiseError) -> String {
        struct Answer: Decodable {
            let signing_key: String
        }
        // ConnectWise gives the callback up after 5 s, and the key may be fetched twice.
        let request = OutboundRequest(
            .get, address.url, headers: headers, timeOut: .seconds(2), maximumAnswerBytes: 64 << 10)
        let answer: Answer = try decode(try await carry(request, .interactive))
        guard !answer.signing_key.isEmpty else { throw .undecodable(reason: "the signing key is empty") }
        return answer.signing_key
    }

    private func write<Body: Encodable, Answer: Decodable>(
        _ method: OutboundRequest.Method, _ path: String, _ body: Body, _ priority: CallPriority
    ) async throws(ConnectWiseError) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data: Data
        do {
            data = try encoder.encode(body)
        } catch {
            throw .rejected(message: "the content cannot be written as JSON", fields: [])
        }
        return try decode(try await send(Call(method: method, path: path, body: data, priority: priority)))
    }
}
