import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

/// For which customer.
struct TenantOption: ParsableArguments {
    @Option(
        help: """
            Only for this customer, by its id or name: its company's tickets, through its own connection if it has one.
            """)
    var tenant: String?

    /// Where an operation on tickets, or on what belongs to them, is.
    func endpoint<Place, Query, Body, Answer>(
        _ operation: PSAOperation<Place, Query, Body, Answer>, _ names: NameBook
    ) async throws -> Endpoint {
        guard let tenant else { return Endpoint(operation.main) }
        return Endpoint(operation.tenant).filled(with: try await names.find(tenant, in: Tenants.lookup).id)
    }
}
