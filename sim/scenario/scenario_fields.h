#pragma once

#include "sim/config/fields.h"
#include "sim/scenario/balancer_fields.h"
#include "sim/scenario/fabric_fields.h"
#include "sim/scenario/scenario.h"

// Every key of a scenario, declared once (sim/config/fields.h).
namespace airlock {

void DeclareFields(Fields<RunConfig>& fields);
void DeclareFields(Fields<LoadProfile>& fields);
void DeclareFields(Fields<PacketSizeShare>& fields);
void DeclareFields(Fields<Contention>& fields);
void DeclareFields(Fields<ServiceTime>& fields);
void DeclareFields(Fields<ChainFunction>& fields);
void DeclareFields(Fields<ChainWorkload>& fields);
void DeclareFields(Fields<ChainConfig>& fields);
void DeclareFields(Fields<MachineConfig>& fields);
void DeclareFields(Fields<BatchCost>& fields);
void DeclareFields(Fields<FunctionConfig>& fields);
void DeclareFields(Fields<CompetitorConfig>& fields);
void DeclareFields(Fields<ChainEdge>& fields);
void DeclareFields(Fields<ServiceAgreement>& fields);
void DeclareFields(Fields<ServiceChainConfig>& fields);
void DeclareFields(Fields<CounterErrors>& fields);
void DeclareFields(Fields<PlacementShieldConfig>& fields);
void DeclareFields(Fields<PlacementConfig>& fields);
void DeclareFields(Fields<ServersConfig>& fields);
void DeclareFields(Fields<DatacentreConfig>& fields);
void DeclareFields(Fields<Position>& fields);
void DeclareFields(Fields<WlanTraffic>& fields);
void DeclareFields(Fields<StationLeg>& fields);
void DeclareFields(Fields<StationConfig>& fields);
void DeclareFields(Fields<AccessPointConfig>& fields);
void DeclareFields(Fields<WallConfig>& fields);
void DeclareFields(Fields<InterfererConfig>& fields);
void DeclareFields(Fields<WlanLoad>& fields);
void DeclareFields(Fields<GeneratedWlan>& fields);
void DeclareFields(Fields<AirtimeConfig>& fields);
void DeclareFields(Fields<ChannelSwitchConfig>& fields);
void DeclareFields(Fields<ScheduledChange>& fields);
void DeclareFields(Fields<WlanConfig>& fields);
void DeclareFields(Fields<ObservationConfig>& fields);
void DeclareFields(Fields<RadarConfig>& fields);
void DeclareFields(Fields<ShieldConfig>& fields);
void DeclareFields(Fields<WhatIfConfig>& fields);
void DeclareFields(Fields<PlanFallbackConfig>& fields);
void DeclareFields(Fields<ControllerConfig>& fields);
void DeclareFields(Fields<ExperimentalConfig>& fields);
void DeclareFields(Fields<Scenario>& fields);

}  // namespace airlock
