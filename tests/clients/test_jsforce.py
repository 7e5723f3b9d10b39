"""jsforce, as it is on npm."""


def test_identity(jsforce, org):
    found = jsforce("return await conn.identity();")

    assert found["username"] == "integration@northbridge.example"
    assert found["organization_id"] == org.line["org_id"]
    assert found["urls"]["custom_domain"] == org.url


def test_query_and_its_next_page(jsforce):
    sizes = jsforce("""
        const first = await conn.query("SELECT Id, Name FROM Lead WHERE IsConverted = false AND Company != 'Client Test'");
        const second = await conn.queryMore(first.nextRecordsUrl);
        return [first.totalSize, first.records.length, second.records.length, second.done];
    """)

    assert sizes == [2500, 2000, 500, True]


def test_describe_of_the_org_and_of_an_object(jsforce):
    found = jsforce("""
        const all = await conn.describeGlobal(), lead = await conn.describe("Lead");
        return [all.sobjects.map((each) => each.name), lead.fields.map((each) => each.name)];
    """)

    assert {"Lead", "Account"} <= set(found[0])
    assert {"Id", "Company", "Ext__c"} <= set(found[1])


def test_one_record_from_its_birth_to_its_end(jsforce):
    steps = jsforce("""
        const made = await conn.sobject("Lead").create({ LastName: "Force", Company: "Client Test" });
        const changed = await conn.sobject("Lead").update({ Id: made.id, City: "Oslo" });
        const read = await conn.sobject("Lead").retrieve(made.id);
        const first = await conn.sobject("Lead").upsert({ Ext__c: "js-1", LastName: "Up", Company: "Client Test" }, "Ext__c");
        const again = await conn.sobject("Lead").upsert({ Ext__c: "js-1", City: "Bergen" }, "Ext__c");
        const gone = await conn.sobject("Lead").destroy(made.id);
        return [made.success, changed.success, read.City, first.created, again.created, gone.success];
    """)

    assert steps == [True, True, "Oslo", True, False, True]


def test_a_refused_record_is_the_clients_own_error(jsforce):
    code = jsforce("""
        try { await conn.sobject("Lead").create({ LastName: "Nobody" }); } catch (error) { return error.errorCode; }
    """)

    assert code == "REQUIRED_FIELD_MISSING"


def test_collections(jsforce):
    steps = jsforce("""
        const leads = conn.sobject("Lead");
        const made = await leads.create([{ LastName: "A", Company: "Client Test" }, { LastName: "B" }, { LastName: "C", Company: "Client Test" }]);
        const ids = [made[0].id, made[2].id];
        const changed = await leads.update(ids.map((Id) => ({ Id, City: "Rome" })));
        const read = await leads.retrieve(ids);
        const upserted = await leads.upsert(
          [{ Ext__c: "many-1", LastName: "D", Company: "Client Test" }, { Ext__c: "many-2", LastName: "E", Company: "Client Test" }], "Ext__c");
        const again = await leads.upsert([{ Ext__c: "many-2", City: "Pisa" }, { Ext__c: "many-3", City: "Pisa" }], "Ext__c");
        const gone = await leads.destroy(ids);
        return { made, changed, read: read.map((each) => each.City), upserted, again, gone };
    """)

    assert [each["success"] for each in steps["made"]] == [True, False, True]
    assert steps["made"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert [each["success"] for each in steps["changed"]] == [True, True]
    assert steps["read"] == ["Rome", "Rome"]
    assert [each["created"] for each in steps["upserted"]] == [True, True]
    assert steps["again"][0] == {**steps["upserted"][1], "created": False}
    assert steps["again"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert [each["success"] for each in steps["gone"]] == [True, True]


def test_bulk_query(jsforce):
    count = jsforce("""
        const stream = await conn.bulk2.query("SELECT Id, Name FROM Lead WHERE IsConverted = false AND Company != 'Client Test'");
        return (await stream.toArray()).length;
    """)

    assert count == 2500


def test_bulk_ingest(jsforce, org):
    record = org.lead()

    results = jsforce(f"""
        const input = [{{ Id: "{record}", City: "Nice" }}, {{ Id: "00Q000000000000EAA", City: "Nice" }}];
        return await conn.bulk2.loadAndWaitForResults({{ object: "Lead", operation: "update", input }});
    """)

    assert [each["sf__Id"] for each in results["successfulResults"]] == [record]
    assert results["failedResults"][0]["sf__Error"].startswith("INVALID_CROSS_REFERENCE_KEY:")
    assert results["unprocessedRecords"] == []
    assert org.query(f"SELECT City FROM Lead WHERE Id = '{record}'")[0]["City"] == "Nice"
