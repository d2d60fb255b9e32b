// What a dashboard of ours may have, by Grafana's own types (npm @grafana/schema): of each panel the
// options of its plugin, and nothing that they do not name. Grafana takes unknown options silently.
import type * as dashboard from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen';
import type * as bargauge from './node_modules/@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type * as logs from './node_modules/@grafana/schema/dist/types/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen';
import type * as loki from './node_modules/@grafana/schema/dist/types/raw/composable/loki/dataquery/x/LokiDataQuery_types.gen';
import type * as stat from './node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as statetimeline from './node_modules/@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as table from './node_modules/@grafana/schema/dist/types/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as text from './node_modules/@grafana/schema/dist/types/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import type * as timeseries from './node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// JSON has the values of an enum, not its names.
type Plain<T> = unknown extends T ? T
  : T extends string ? `${T}`
  : T extends Array<infer Item> ? Array<Plain<Item>>
  : T extends object ? {[Key in keyof T]: Plain<T[Key]>}
  : T;

// Not in @grafana/schema: a query and an annotation of the data source Prometheus.
interface PrometheusQuery {
  datasource: {type: 'prometheus', uid: string};
  editorMode: 'code';
  expr: string;
  format?: 'table';
  instant: boolean;
  legendFormat: string;
  range: boolean;
  refId: string;
}
interface PrometheusAnnotation extends Omit<dashboard.AnnotationQuery, 'target'> {
  target: {expr: string, refId: string};
  tagKeys: string;
  textFormat: string;
  titleFormat: string;
  useValueForTime: boolean;
}

interface Of<Type extends string, Options, Query> extends Omit<dashboard.Panel, 'type' | 'options' | 'targets' | 'fieldConfig'> {
  type: Type;
  options: Options;
  targets: Query[];
}
interface With<Custom> {
  fieldConfig: {
    defaults: Omit<dashboard.FieldConfig, 'custom'> & {custom?: Custom};
    overrides: dashboard.FieldConfigSource['overrides'];
  };
}
type Panel =
  | (Of<'stat', stat.Options, PrometheusQuery> & With<never>)
  | (Of<'bargauge', bargauge.Options, PrometheusQuery> & With<never>)
  | (Of<'timeseries', timeseries.Options, PrometheusQuery | loki.LokiDataQuery> & With<timeseries.FieldConfig>)
  | (Of<'state-timeline', statetimeline.Options, PrometheusQuery> & With<statetimeline.FieldConfig>)
  | (Of<'table', table.Options, PrometheusQuery> & With<table.FieldConfig>)
  | (Of<'logs', logs.Options, loki.LokiDataQuery> & With<never>)
  | (Omit<dashboard.Panel, 'type' | 'options' | 'targets' | 'fieldConfig'> & {type: 'text', options: text.Options});

export type Board = Plain<Omit<dashboard.Dashboard, 'panels' | 'annotations'> & {
  annotations: {list: PrometheusAnnotation[]};
  panels: Array<Panel | dashboard.RowPanel>;
}>;
